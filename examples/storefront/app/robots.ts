import type { MetadataRoute } from 'next'
import { SITE } from '@/lib/site'

export default function robots(): MetadataRoute.Robots {
  return {
    rules: { userAgent: '*', allow: '/', disallow: ['/account', '/cart', '/orders', '/api'] },
    sitemap: `${SITE.url}/sitemap.xml`,
  }
}
