import Image from 'next/image'
import Link from 'next/link'
import { euros } from '@/lib/money'
import type { Product } from '@/lib/pieces'
import styles from './product-card.module.css'

export function ProductCard({ product, wasCents, eager }: { product: Product; wasCents?: number; eager?: boolean }) {
  return (
    <article className={styles.card} data-testid={`card-${product.slug}`}>
      <Link href={`/products/${product.slug}`} className={styles.link}>
        <div className={styles.frame}>
          <Image
            src={`/pictures/${product.slug}.webp`}
            alt=""
            width={800}
            height={800}
            sizes="(max-width: 640px) 50vw, (max-width: 1080px) 33vw, 280px"
            loading={eager ? 'eager' : 'lazy'}
          />
          {product.madeToOrder && <span className={styles.badge}>Made to order</span>}
          {wasCents && <span className={styles.badge}>Last pieces</span>}
        </div>
        <h3 className={styles.name}>{product.name}</h3>
      </Link>
      <p className={styles.summary}>{product.summary}</p>
      <p className={styles.price}>
        {wasCents && <s>{euros(wasCents)}</s>} {euros(product.cents)}
      </p>
    </article>
  )
}
