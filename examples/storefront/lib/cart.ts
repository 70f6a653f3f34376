import { cookies } from 'next/headers'
import { pieces, type Product } from './pieces'

const COOKIE = 'cart'
export const MAX_QUANTITY = 20

export type CartLine = { product: Product; quantity: number }
export type Cart = { lines: CartLine[]; count: number; totalCents: number }

export async function readCart(): Promise<Cart> {
  const text = (await cookies()).get(COOKIE)?.value ?? ''
  return summarize(parse(text))
}

export async function setQuantity(slug: string, quantity: number): Promise<Cart> {
  return write((quantities) => quantities.set(slug, quantity))
}

export async function addQuantity(slug: string, quantity: number): Promise<Cart> {
  return write((quantities) => quantities.set(slug, (quantities.get(slug) ?? 0) + quantity))
}

export async function emptyCart(): Promise<void> {
  ;(await cookies()).delete(COOKIE)
}

async function write(change: (quantities: Map<string, number>) => void): Promise<Cart> {
  const jar = await cookies()
  const quantities = parse(jar.get(COOKIE)?.value ?? '')
  change(quantities)
  const cart = summarize(quantities)
  const value = cart.lines.map((line) => `${line.product.slug}:${line.quantity}`).join('.')
  jar.set(COOKIE, value, { httpOnly: true, sameSite: 'lax', path: '/', maxAge: 60 * 60 * 24 * 30 })
  return cart
}

function parse(text: string): Map<string, number> {
  const quantities = new Map<string, number>()
  for (const part of text.split('.')) {
    const [slug, amount] = part.split(':')
    const quantity = Number.parseInt(amount ?? '', 10)
    if (slug && quantity > 0) quantities.set(slug, quantity)
  }
  return quantities
}

function summarize(quantities: Map<string, number>): Cart {
  const lines: CartLine[] = []
  for (const product of pieces) {
    const quantity = Math.min(quantities.get(product.slug) ?? 0, MAX_QUANTITY)
    if (quantity > 0) lines.push({ product, quantity })
  }
  return {
    lines,
    count: lines.reduce((sum, line) => sum + line.quantity, 0),
    totalCents: lines.reduce((sum, line) => sum + line.quantity * line.product.cents, 0),
  }
}
