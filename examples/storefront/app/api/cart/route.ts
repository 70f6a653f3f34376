import { readCart } from '@/lib/cart'

export async function GET() {
  const cart = await readCart()
  const lines = cart.lines.map(({ product, quantity }) => ({ slug: product.slug, quantity }))
  return Response.json(
    { count: cart.count, totalCents: cart.totalCents, lines },
    { headers: { 'Cache-Control': 'private, no-store' } },
  )
}
