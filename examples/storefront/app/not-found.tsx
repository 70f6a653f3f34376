import type { Metadata } from 'next'
import Link from 'next/link'

export const metadata: Metadata = { title: 'Not on the shelf' }

export default function NotFound() {
  return (
    <section className="message" data-testid="not-found">
      <p className="eyebrow">404</p>
      <h1>This one is not on the shelf.</h1>
      <p className="lede">It may have sold, or it never left the kiln.</p>
      <Link className="button" href="/">Back to the shop</Link>
    </section>
  )
}
