import type { Metadata } from 'next'
import { headers } from 'next/headers'
import { redirect } from 'next/navigation'
import { signOut } from '@/app/login/actions'
import { readCart } from '@/lib/cart'
import { sessionName } from '@/lib/session'

export const metadata: Metadata = { title: 'Account' }

export default async function Account() {
  const name = await sessionName()
  if (!name) redirect('/login')
  const visitor = (await headers()).get('x-shop-visitor') ?? 'guest'
  const cart = await readCart()
  return (
    <section className="message">
      <p className="eyebrow" data-testid="account-visitor">{visitor}</p>
      <h1 data-testid="account-name">Hello, {name}.</h1>
      <p className="lede">You have {cart.count} in your cart.</p>
      <form action={signOut}>
        <button className="button" data-testid="sign-out">Sign out</button>
      </form>
    </section>
  )
}
