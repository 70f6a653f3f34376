'use client'

import { useState } from 'react'
import type { Product } from '@/lib/pieces'
import { ProductGrid } from './product-grid'

const orders = {
  studio: () => 0,
  cheap: (a: Product, b: Product) => a.cents - b.cents,
  dear: (a: Product, b: Product) => b.cents - a.cents,
}

export function ProductFinder({ products }: { products: Product[] }) {
  const [text, setText] = useState('')
  const [order, setOrder] = useState<keyof typeof orders>('studio')
  const wanted = text.trim().toLowerCase()
  const shown = products
    .filter((product) => `${product.name} ${product.summary} ${product.category}`.toLowerCase().includes(wanted))
    .sort(orders[order])

  return (
    <div>
      <form className="finder" role="search" onSubmit={(event) => event.preventDefault()}>
        <div>
          <label htmlFor="finder-text">Find a piece</label>
          <input
            id="finder-text"
            type="search"
            value={text}
            onChange={(event) => setText(event.target.value)}
            placeholder="blue, vase, bowl…"
            data-testid="finder-text"
          />
        </div>
        <div>
          <label htmlFor="finder-order">Sort by</label>
          <select
            id="finder-order"
            value={order}
            onChange={(event) => setOrder(event.target.value as keyof typeof orders)}
            data-testid="finder-order"
          >
            <option value="studio">Studio order</option>
            <option value="cheap">Price, low to high</option>
            <option value="dear">Price, high to low</option>
          </select>
        </div>
        <p role="status" data-testid="finder-count">
          {shown.length === 1 ? '1 piece' : `${shown.length} pieces`}
        </p>
      </form>
      {shown.length > 0 ? <ProductGrid products={shown} /> : <p className="notice">Nothing on the shelf matches “{text}”.</p>}
    </div>
  )
}
