'use client'

import { useEffect } from 'react'
import { announceCartChange } from './cart-events'

export function CartChangeSignal({ count }: { count: number }) {
  useEffect(announceCartChange, [count])
  return null
}
