import { listProducts } from '@/lib/catalog'

export const dynamic = 'force-static'
export const revalidate = 3600

export async function GET() {
  const products = await listProducts()
  return Response.json({
    shop: 'Ostra Kiln',
    currency: 'EUR',
    products: products.map(({ slug, name, category, cents, madeToOrder }) => ({ slug, name, category, cents, madeToOrder })),
  })
}
