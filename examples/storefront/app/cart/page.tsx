import type { Metadata } from 'next'
import Image from 'next/image'
import Link from 'next/link'
import { CartChangeSignal } from '@/components/cart-change-signal'
import { CheckoutForm } from '@/components/checkout-form'
import { MAX_QUANTITY, readCart, type CartLine } from '@/lib/cart'
import { euros } from '@/lib/money'
import { changeQuantity, removeFromCart } from './actions'

export const maxDuration = 30

export const metadata: Metadata = { title: 'Cart' }

export default async function CartPage() {
  const cart = await readCart()
  return (
    <section className="section">
      <CartChangeSignal count={cart.count} />
      <h1>Your cart</h1>
      {cart.count === 0 ? (
        <div data-testid="cart-empty">
          <p className="lede">Nothing here yet.</p>
          <Link className="button" href="/">Look at the shelf</Link>
        </div>
      ) : (
        <div className="cart-layout">
          <ul className="cart-lines">
            {cart.lines.map((line) => (
              <Line key={line.product.slug} line={line} />
            ))}
          </ul>
          <aside className="cart-summary">
            <p className="cart-total">
              Total <strong data-testid="cart-total">{euros(cart.totalCents)}</strong>
            </p>
            <CheckoutForm />
          </aside>
        </div>
      )}
    </section>
  )
}

function Line({ line: { product, quantity } }: { line: CartLine }) {
  const field = `quantity-${product.slug}`
  return (
    <li className="cart-line" data-testid={`line-${product.slug}`}>
      <Image src={`/pictures/${product.slug}.webp`} alt="" width={120} height={120} />
      <div className="cart-line-text">
        <Link href={`/products/${product.slug}`}>{product.name}</Link>
        <p className="small-print">{euros(product.cents)} each</p>
        <div className="cart-line-forms">
          <form action={changeQuantity}>
            <input type="hidden" name="slug" value={product.slug} />
            <label htmlFor={field} className="visually-hidden">Quantity of {product.name}</label>
            <input
              key={quantity}
              id={field}
              name="quantity"
              type="number"
              min="0"
              max={MAX_QUANTITY}
              defaultValue={quantity}
              data-testid="qty-input"
            />
            <button className="quiet-button" data-testid="qty-update">Update</button>
          </form>
          <form action={removeFromCart}>
            <input type="hidden" name="slug" value={product.slug} />
            <button className="quiet-button" data-testid="remove">Remove</button>
          </form>
        </div>
      </div>
      <p className="cart-line-total">{euros(product.cents * quantity)}</p>
    </li>
  )
}
