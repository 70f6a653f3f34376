import type { Metadata } from 'next'
import { notFound } from 'next/navigation'
import { ProductGrid } from '@/components/product-grid'
import { findCategory, listProductsIn } from '@/lib/catalog'
import { categories } from '@/lib/pieces'

export const revalidate = 300
export const dynamicParams = false

export function generateStaticParams() {
  return categories.map(({ slug }) => ({ category: slug }))
}

export async function generateMetadata({ params }: PageProps<'/categories/[category]'>): Promise<Metadata> {
  const category = findCategory((await params).category)
  return category ? { title: category.name, description: category.intro } : {}
}

export default async function CategoryPage({ params }: PageProps<'/categories/[category]'>) {
  const category = findCategory((await params).category)
  if (!category) notFound()
  const products = await listProductsIn(category.slug)
  return (
    <section className="section">
      <header className="page-head">
        <p className="eyebrow">{products.length} pieces</p>
        <h1 data-testid="category-name">{category.name}</h1>
        <p className="lede">{category.intro}</p>
      </header>
      <ProductGrid products={products} eager />
    </section>
  )
}
