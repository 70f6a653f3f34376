import type { MetadataRoute } from 'next'
import { categories, pieces } from '@/lib/pieces'
import { SITE } from '@/lib/site'

export default function sitemap(): MetadataRoute.Sitemap {
  const pages = ['/', '/about', '/shipping', '/repairs', '/deals', '/legal/terms', '/stores/lisbon', '/stores/porto']
  return [
    ...pages,
    ...categories.map((category) => `/categories/${category.slug}`),
    ...pieces.map((piece) => `/products/${piece.slug}`),
  ].map((path) => ({ url: `${SITE.url}${path}`, lastModified: '2026-03-01' }))
}
