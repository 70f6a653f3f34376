import Link from 'next/link'

const columns = [
  {
    title: 'Shop',
    links: [
      { href: '/categories/cups', label: 'Cups' },
      { href: '/categories/bowls', label: 'Bowls' },
      { href: '/recommendations', label: 'Picked for you' },
      { href: '/deals', label: 'Deals' },
    ],
  },
  {
    title: 'Help',
    links: [
      { href: '/shipping', label: 'Shipping and questions' },
      { href: '/track', label: 'Track a parcel' },
      { href: '/repairs', label: 'Repairs' },
      { href: '/legal/terms', label: 'Terms' },
    ],
  },
  {
    title: 'Visit',
    links: [
      { href: '/stores/lisbon', label: 'Lisbon' },
      { href: '/stores/porto', label: 'Porto' },
      { href: '/stores/faro', label: 'Faro, in summer' },
    ],
  },
]

export function SiteFooter() {
  return (
    <footer className="site-footer">
      <div className="footer-grid">
        <div>
          <p className="footer-brand">Ostra Kiln</p>
          <p>Stoneware for every day, thrown in a former oyster shed by the harbour.</p>
        </div>
        {columns.map((column) => (
          <nav key={column.title} aria-label={column.title}>
            <h2>{column.title}</h2>
            <ul>
              {column.links.map((link) => (
                <li key={link.href}>
                  <Link href={link.href} prefetch={false}>{link.label}</Link>
                </li>
              ))}
            </ul>
          </nav>
        ))}
      </div>
      <p className="footer-note">Ostra Kiln, Rua da Ostra 14. Every pot is a little different.</p>
    </footer>
  )
}
