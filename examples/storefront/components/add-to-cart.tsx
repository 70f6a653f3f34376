'use client'

import { useActionState, useEffect } from 'react'
import { addToCart } from '@/app/cart/actions'
import { announceCartChange } from './cart-events'

export function AddToCart({ slug, madeToOrder }: { slug: string; madeToOrder: boolean }) {
  const [result, submit, pending] = useActionState(addToCart, null)

  useEffect(() => {
    if (result) announceCartChange()
  }, [result])

  return (
    <form action={submit} className="add-form">
      <input type="hidden" name="slug" value={slug} />
      <label htmlFor="quantity">Quantity</label>
      <input id="quantity" name="quantity" type="number" min="1" max="20" defaultValue="1" data-testid="qty-input" />
      <button className="button" disabled={pending} data-testid="add-to-cart">
        {pending ? 'Adding…' : madeToOrder ? 'Order this piece' : 'Add to cart'}
      </button>
      <p role="status" className="form-status" data-testid="add-status">
        {result && result.message}
      </p>
    </form>
  )
}
