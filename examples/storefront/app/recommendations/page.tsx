import type { Metadata } from 'next'
import { Suspense } from 'react'
import { Picks } from './picks'

export const maxDuration = 60
export const preferredRegion = 'iad1'

export const metadata: Metadata = { title: 'Picked for you' }

export default function Recommendations() {
  return (
    <section className="section">
      <header className="page-head">
        <p className="eyebrow">Picked for you</p>
        <h1>What goes with your pots.</h1>
        <p className="lede">We look at what is in your cart and walk along the shelf.</p>
      </header>
      <Suspense fallback={<Skeleton />}>
        <Picks />
      </Suspense>
    </section>
  )
}

function Skeleton() {
  return (
    <div data-testid="picks-skeleton" role="status">
      <p>Walking along the shelf…</p>
      <ul className="product-grid" aria-hidden="true">
        {[0, 1, 2, 3].map((place) => (
          <li key={place}><div className="skeleton" /></li>
        ))}
      </ul>
    </div>
  )
}
