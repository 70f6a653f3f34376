import type { Metadata } from 'next'
import { ProductCard } from '@/components/product-card'
import { listProducts } from '@/lib/catalog'

export const revalidate = 2

export const metadata: Metadata = { title: 'Deals', description: 'Seconds and last pieces, while they are here.' }

const reduced: Record<string, number> = {
  'moss-tumbler': 1900,
  'ember-ramen-bowl': 3400,
  'linen-side-plate': 2000,
  'pebble-bud-vase': 2500,
}

export default async function Deals() {
  const products = await listProducts()
  const deals = products.filter((product) => product.slug in reduced)
  return (
    <section className="section">
      <header className="page-head">
        <p className="eyebrow">Seconds on Fridays</p>
        <h1>Small flaws, small prices.</h1>
        <p className="lede">A drip, a pinhole, a wandering rim. They hold coffee just the same.</p>
      </header>
      <ul className="product-grid">
        {deals.map((product) => (
          <li key={product.slug}>
            <ProductCard product={{ ...product, cents: reduced[product.slug] }} wasCents={product.cents} eager />
          </li>
        ))}
      </ul>
      <p className="small-print">
        Prices as of <time data-testid="rendered-at">{new Date().toISOString()}</time>
      </p>
    </section>
  )
}
