'use server'

import { randomUUID } from 'node:crypto'
import { redirect } from 'next/navigation'
import { after } from 'next/server'
import { addQuantity, emptyCart, MAX_QUANTITY, readCart, setQuantity } from '@/lib/cart'
import { appendEntry } from '@/lib/order-log'
import { pieces } from '@/lib/pieces'
import { draftReceipt, keepReceipt } from '@/lib/receipt'

export type AddResult = { count: number; message: string } | null

export async function addToCart(_previous: AddResult, form: FormData): Promise<AddResult> {
  const slug = String(form.get('slug'))
  const piece = pieces.find((candidate) => candidate.slug === slug)
  if (!piece) return { count: (await readCart()).count, message: 'We do not make that piece.' }
  const cart = await addQuantity(slug, quantityFrom(form, 1))
  return { count: cart.count, message: `${piece.name} is in your cart.` }
}

export async function changeQuantity(form: FormData): Promise<void> {
  await setQuantity(String(form.get('slug')), quantityFrom(form, 0))
}

export async function removeFromCart(form: FormData): Promise<void> {
  await setQuantity(String(form.get('slug')), 0)
}

export async function checkout(_previous: string | null, form: FormData): Promise<string | null> {
  const name = String(form.get('name') ?? '').trim()
  const email = String(form.get('email') ?? '').trim()
  const cart = await readCart()
  if (cart.count === 0) return 'Your cart is empty.'
  if (!name || !email.includes('@')) return 'Please give us a name and an email address.'

  const id = `OK-${randomUUID().slice(0, 8).toUpperCase()}`
  const receipt = draftReceipt(id, name, cart)
  await keepReceipt(receipt)
  await emptyCart()
  after(() => appendEntry('order', id, { totalCents: receipt.totalCents, count: cart.count }))
  redirect(`/orders/${id}`)
}

function quantityFrom(form: FormData, least: number): number {
  const quantity = Number.parseInt(String(form.get('quantity')), 10)
  return Number.isNaN(quantity) ? 1 : Math.min(Math.max(quantity, least), MAX_QUANTITY)
}
