'use client'

import { usePathname } from 'next/navigation'
import { useEffect, useState } from 'react'
import { onCartChange } from './cart-events'

export function CartCount() {
  const pathname = usePathname()
  const [count, setCount] = useState<number | null>(null)

  useEffect(() => {
    let current = true
    async function load() {
      try {
        const response = await fetch('/api/cart', { cache: 'no-store' })
        const cart: { count: number } = await response.json()
        if (current) setCount(cart.count)
      } catch {
        if (current) setCount(null)
      }
    }
    load()
    const stop = onCartChange(load)
    return () => {
      current = false
      stop()
    }
  }, [pathname])

  return (
    <span className="cart-count" data-testid="cart-count" data-ready={count !== null} aria-live="polite">
      {count ?? '–'}
    </span>
  )
}
