import { headers } from 'next/headers'
import { ProductGrid } from '@/components/product-grid'
import { readCart } from '@/lib/cart'
import { listProducts } from '@/lib/catalog'
import { pause } from '@/lib/pause'

export async function Picks() {
  const language = (await headers()).get('accept-language')?.split(',')[0] ?? 'en'
  const cart = await readCart()
  const products = await listProducts()
  await pause(400)
  const inCart = new Set(cart.lines.map((line) => line.product.slug))
  const picks = products.filter((product) => !inCart.has(product.slug)).slice(0, 4)
  return (
    <div data-testid="picks" data-language={language}>
      <p className="small-print">
        {cart.count > 0 ? `Chosen to go with the ${cart.count} in your cart.` : 'Your cart is empty, so these are our own favourites.'}
      </p>
      <ProductGrid products={picks} eager />
    </div>
  )
}
