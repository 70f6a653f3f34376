import type { GetServerSideProps, InferGetServerSidePropsType } from 'next'
import Head from 'next/head'

export const config = { maxDuration: 15 }

type Props = { order: string; stage: number }

const stages = ['In the kiln', 'Packed', 'With the courier', 'Delivered']

export const getServerSideProps = (async ({ query, res }) => {
  const order = typeof query.order === 'string' ? query.order.trim().toUpperCase() : ''
  const known = /^OK-[0-9A-F]{8}$/.test(order)
  if (order && !known) res.statusCode = 404
  res.setHeader('Cache-Control', 'private, no-store')
  return { props: { order, stage: known ? Number.parseInt(order.slice(-1), 16) % stages.length : -1 } }
}) satisfies GetServerSideProps<Props>

export default function Track({ order, stage }: InferGetServerSidePropsType<typeof getServerSideProps>) {
  return (
    <article className="prose">
      <Head>
        <title>Track a parcel · Ostra Kiln</title>
      </Head>
      <h1>Track a parcel</h1>
      <form method="get" action="/track" className="row-form">
        <label htmlFor="order">Order number</label>
        <input id="order" name="order" defaultValue={order} placeholder="OK-1A2B3C4D" data-testid="track-order" required />
        <button className="button" data-testid="track-submit">Track</button>
      </form>
      {order && stage < 0 && <p className="notice" role="status" data-testid="track-status">We have no order {order}.</p>}
      {stage >= 0 && (
        <>
          <p role="status" data-testid="track-status">Order {order}: {stages[stage].toLowerCase()}.</p>
          <ol className="stages">
            {stages.map((name, index) => (
              <li key={name} aria-current={index === stage ? 'step' : undefined} className={index <= stage ? 'reached' : undefined}>
                {name}
              </li>
            ))}
          </ol>
        </>
      )}
    </article>
  )
}
