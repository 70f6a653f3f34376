import type { Product } from '@/lib/pieces'
import { ProductCard } from './product-card'

export function ProductGrid({ products, eager }: { products: Product[]; eager?: boolean }) {
  return (
    <ul className="product-grid">
      {products.map((product) => (
        <li key={product.slug}>
          <ProductCard product={product} eager={eager} />
        </li>
      ))}
    </ul>
  )
}
