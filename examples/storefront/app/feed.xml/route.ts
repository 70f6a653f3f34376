import { listProducts } from '@/lib/catalog'
import { SITE } from '@/lib/site'

export const dynamic = 'force-static'

export async function GET() {
  const products = await listProducts()
  const items = products
    .map((product) => {
      const link = `${SITE.url}/products/${product.slug}`
      return `<item><title>${product.name}</title><link>${link}</link><guid>${link}</guid><description>${product.summary}</description></item>`
    })
    .join('')
  const feed = `<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>${SITE.name}</title><link>${SITE.url}</link><description>${SITE.tagline}</description>${items}</channel></rss>`
  return new Response(feed, { headers: { 'Content-Type': 'application/rss+xml; charset=utf-8' } })
}
