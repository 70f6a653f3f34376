import Image from 'next/image'
import Link from 'next/link'
import { ProductFinder } from '@/components/product-finder'
import { listProducts } from '@/lib/catalog'
import shelf from '@/pictures/shelf-in-morning-light.jpg'

export default async function Home() {
  const products = await listProducts()
  return (
    <>
      <section className="hero">
        <div className="hero-text">
          <p className="eyebrow">Stoneware, made slowly</p>
          <h1>Pots for the table you already have.</h1>
          <p className="lede">
            We throw cups, bowls, plates and vases in a former oyster shed, glaze them in six colours of the coast, and
            fire them twice a month.
          </p>
          <p className="hero-links">
            <Link className="button" href="/categories/cups" data-testid="hero-shop">Shop cups</Link>
            <Link className="text-link" href="/about">How we work</Link>
          </p>
        </div>
        <Image
          src={shelf}
          alt="Cups, bowls and two vases on a table in morning light"
          className="hero-picture"
          sizes="(max-width: 860px) 100vw, 60vw"
          placeholder="blur"
          preload
        />
      </section>
      <section className="section" aria-labelledby="all-pieces">
        <h2 id="all-pieces">From the last firing</h2>
        <ProductFinder products={products} />
      </section>
      <section className="promises">
        <div><h3>Packed in wool</h3><p>Offcuts from a blanket maker next door. We have not had a breakage since.</p></div>
        <div><h3>Mended for life</h3><p>Chipped a rim? <Link href="/repairs">Send us a photo</Link> and we will fix it.</p></div>
        <div><h3>Seconds on Fridays</h3><p>Small flaws, small prices. Look at <Link href="/deals">this week’s deals</Link>.</p></div>
      </section>
    </>
  )
}
