import { cookies } from 'next/headers'
import type { Cart } from './cart'

const COOKIE = 'receipt'

export type Receipt = {
  id: string
  name: string
  placedAt: string
  totalCents: number
  lines: { slug: string; name: string; quantity: number; cents: number }[]
}

export function draftReceipt(id: string, name: string, cart: Cart): Receipt {
  return {
    id,
    name,
    placedAt: new Date().toISOString(),
    totalCents: cart.totalCents,
    lines: cart.lines.map(({ product, quantity }) => ({
      slug: product.slug,
      name: product.name,
      quantity,
      cents: product.cents,
    })),
  }
}

export async function keepReceipt(receipt: Receipt): Promise<void> {
  const value = Buffer.from(JSON.stringify(receipt)).toString('base64url')
  ;(await cookies()).set(COOKIE, value, { httpOnly: true, sameSite: 'lax', path: '/', maxAge: 60 * 60 * 24 })
}

export async function readReceipt(id: string): Promise<Receipt | null> {
  const value = (await cookies()).get(COOKIE)?.value
  if (!value) return null
  const receipt = JSON.parse(Buffer.from(value, 'base64url').toString('utf8')) as Receipt
  return receipt.id === id ? receipt : null
}
