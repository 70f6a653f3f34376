import Link from 'next/link'
import { categories } from '@/lib/pieces'
import { CartCount } from './cart-count'

export function SiteHeader() {
  return (
    <header className="site-header">
      <p className="announcement">Free shipping in Europe from €80 · Kiln opens every second Friday</p>
      <div className="header-bar">
        <Link href="/" className="brand" data-testid="nav-home">
          <svg viewBox="0 0 64 64" width="30" height="30" aria-hidden="true">
            <path d="M10 22h44c0 17-8 27-16 31H26c-8-4-16-14-16-31z" fill="currentColor" />
            <ellipse cx="32" cy="22" rx="22" ry="6" fill="#e2cdb3" />
          </svg>
          Ostra Kiln
        </Link>
        <nav aria-label="Main" className="main-nav">
          {categories.map((category) => (
            <Link key={category.slug} href={`/categories/${category.slug}`} data-testid={`nav-${category.slug}`}>
              {category.name}
            </Link>
          ))}
          <Link href="/deals" data-testid="nav-deals">Deals</Link>
          <Link href="/about" data-testid="nav-about">About</Link>
        </nav>
        <div className="header-actions">
          <Link href="/account" prefetch={false} data-testid="nav-account">Account</Link>
          <Link href="/cart" prefetch={false} className="cart-link" data-testid="nav-cart">
            Cart <CartCount />
          </Link>
        </div>
      </div>
    </header>
  )
}
