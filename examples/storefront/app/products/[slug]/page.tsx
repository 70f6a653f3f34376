import type { Metadata } from 'next'
import Link from 'next/link'
import { notFound } from 'next/navigation'
import { AddToCart } from '@/components/add-to-cart'
import { LiveStock } from '@/components/live-stock'
import { PictureGallery } from '@/components/picture-gallery'
import { ProductGrid } from '@/components/product-grid'
import { findCategory, findProduct, listProducts, listProductsIn } from '@/lib/catalog'
import { euros } from '@/lib/money'

export const revalidate = 60

export async function generateStaticParams() {
  const products = await listProducts()
  return products.filter((product) => !product.madeToOrder).map(({ slug }) => ({ slug }))
}

export async function generateMetadata({ params }: PageProps<'/products/[slug]'>): Promise<Metadata> {
  const product = await findProduct((await params).slug)
  return product ? { title: product.name, description: product.summary } : {}
}

export default async function ProductPage({ params }: PageProps<'/products/[slug]'>) {
  const { slug } = await params
  const product = await findProduct(slug)
  if (!product) notFound()
  const category = findCategory(product.category)
  const siblings = (await listProductsIn(product.category)).filter((other) => other.slug !== slug)

  return (
    <>
      <article className="product">
        <PictureGallery slug={slug} name={product.name} />
        <div className="product-text">
          <p className="eyebrow">
            <Link href={`/categories/${product.category}`}>{category?.name}</Link>
          </p>
          <h1 data-testid="product-name">{product.name}</h1>
          <p className="product-price" data-testid="product-price">{euros(product.cents)}</p>
          <p className="lede">{product.description}</p>
          <AddToCart slug={slug} madeToOrder={product.madeToOrder} />
          <LiveStock />
          <dl className="facts">
            <div><dt>Size</dt><dd>{product.size}</dd></div>
            <div><dt>Glaze</dt><dd>{product.glazeNote}</dd></div>
            <div><dt>Ready</dt><dd>{product.madeToOrder ? 'In three to five weeks' : 'Packed within two days'}</dd></div>
          </dl>
          <p className="small-print">
            Rendered at <time data-testid="rendered-at">{new Date().toISOString()}</time>
            {' · '}
            Stock checked at <time data-testid="stock-checked-at">{product.stockCheckedAt}</time>
          </p>
        </div>
      </article>
      <section className="section" aria-labelledby="siblings">
        <h2 id="siblings">On the same shelf</h2>
        <ProductGrid products={siblings} />
      </section>
    </>
  )
}
