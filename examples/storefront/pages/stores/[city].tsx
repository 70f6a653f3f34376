import type { GetStaticPaths, GetStaticProps, InferGetStaticPropsType } from 'next'
import Head from 'next/head'
import Link from 'next/link'
import { stores, type Store } from '@/lib/stores'

export const getStaticPaths = (async () => ({
  paths: stores.filter((store) => !store.seasonal).map((store) => ({ params: { city: store.city } })),
  fallback: 'blocking',
})) satisfies GetStaticPaths

export const getStaticProps = (async ({ params }) => {
  const store = stores.find((candidate) => candidate.city === params?.city)
  if (!store) return { notFound: true, revalidate: 120 }
  return { props: { store }, revalidate: 120 }
}) satisfies GetStaticProps<{ store: Store }, { city: string }>

export default function StorePage({ store }: InferGetStaticPropsType<typeof getStaticProps>) {
  return (
    <article className="prose">
      <Head>
        <title>{`${store.name} · Ostra Kiln`}</title>
      </Head>
      <p className="eyebrow">Visit us</p>
      <h1 data-testid="store-name">{store.name}</h1>
      <p className="lede">{store.about}</p>
      <dl className="facts">
        <div><dt>Address</dt><dd>{store.address}</dd></div>
        <div><dt>Hours</dt><dd>{store.hours}</dd></div>
        <div><dt>Season</dt><dd>{store.seasonal ? 'June to September' : 'All year'}</dd></div>
      </dl>
      <h2>Other shops</h2>
      <ul className="inline-list">
        {stores
          .filter((other) => other.city !== store.city)
          .map((other) => (
            <li key={other.city}>
              <Link href={`/stores/${other.city}`} data-testid={`store-${other.city}`}>{other.name}</Link>
            </li>
          ))}
      </ul>
    </article>
  )
}
