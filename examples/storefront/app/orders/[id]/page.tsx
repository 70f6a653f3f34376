import type { Metadata } from 'next'
import Link from 'next/link'
import { notFound } from 'next/navigation'
import { euros } from '@/lib/money'
import { readReceipt } from '@/lib/receipt'

export const maxDuration = 30
export const preferredRegion = ['fra1', 'dub1']

export const metadata: Metadata = { title: 'Your order' }

export default async function OrderPage({ params }: PageProps<'/orders/[id]'>) {
  const { id } = await params
  const receipt = await readReceipt(id)
  if (!receipt) notFound()
  return (
    <article className="prose" data-testid="order">
      <p className="eyebrow">Order <span data-testid="order-id">{id}</span></p>
      <h1>Thank you, {receipt.name}.</h1>
      <p className="lede">We have set your pieces aside. You will hear from us when they are packed.</p>
      <table className="rates">
        <caption>What you ordered</caption>
        <thead>
          <tr><th scope="col">Piece</th><th scope="col">Quantity</th><th scope="col">Price</th></tr>
        </thead>
        <tbody>
          {receipt.lines.map((line) => (
            <tr key={line.slug}>
              <td>{line.name}</td>
              <td>{line.quantity}</td>
              <td>{euros(line.cents * line.quantity)}</td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr><th scope="row" colSpan={2}>Total</th><td data-testid="order-total">{euros(receipt.totalCents)}</td></tr>
        </tfoot>
      </table>
      <p className="hero-links">
        <a className="button" href={`/api/invoice/${id}`} download data-testid="invoice">Download the invoice</a>
        <Link className="text-link" href={`/track?order=${id}`} prefetch={false}>Track the parcel</Link>
      </p>
      <p className="small-print">Placed at {receipt.placedAt}</p>
    </article>
  )
}
