import { unstable_cache } from 'next/cache'
import { categories, pieces, type Category, type Product } from './pieces'
import { readGlazeNote } from './glaze-notes'

export type ProductRecord = Product & { glazeNote: string; stockCheckedAt: string }

export const listProducts = unstable_cache(async (): Promise<Product[]> => pieces, ['products'], {
  tags: ['catalog'],
})

export const listProductsIn = unstable_cache(
  async (category: Category): Promise<Product[]> => pieces.filter((piece) => piece.category === category),
  ['products-in'],
  { tags: ['catalog'] },
)

export function findProduct(slug: string): Promise<ProductRecord | null> {
  const load = unstable_cache(
    async (): Promise<ProductRecord | null> => {
      const piece = pieces.find((candidate) => candidate.slug === slug)
      if (!piece) return null
      return {
        ...piece,
        glazeNote: await readGlazeNote(piece.glaze),
        stockCheckedAt: new Date().toISOString(),
      }
    },
    ['product', slug],
    { tags: [`product:${slug}`, 'catalog'] },
  )
  return load()
}

export function findCategory(slug: string) {
  return categories.find((category) => category.slug === slug)
}
