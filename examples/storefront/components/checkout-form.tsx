'use client'

import { useActionState } from 'react'
import { checkout } from '@/app/cart/actions'

export function CheckoutForm() {
  const [problem, submit, pending] = useActionState(checkout, null)
  return (
    <form action={submit} className="stack-form">
      <h2>Checkout</h2>
      <label htmlFor="name">Name</label>
      <input id="name" name="name" autoComplete="name" required data-testid="checkout-name" />
      <label htmlFor="email">Email</label>
      <input id="email" name="email" type="email" autoComplete="email" required data-testid="checkout-email" />
      <button className="button" disabled={pending} data-testid="checkout">
        {pending ? 'Placing the order…' : 'Place order'}
      </button>
      <p role="alert" className="form-problem" data-testid="checkout-problem">{problem}</p>
      <p className="small-print">You pay on delivery. No card needed.</p>
    </form>
  )
}
