'use client'

import { useEffect, useRef, useState } from 'react'

export function LiveStock() {
  const source = useRef<EventSource | null>(null)
  const [left, setLeft] = useState<number | null>(null)
  const [watching, setWatching] = useState(false)

  useEffect(() => () => source.current?.close(), [])

  function watch() {
    source.current?.close()
    const events = new EventSource('/api/stock/stream')
    source.current = events
    setWatching(true)
    const stop = () => {
      events.close()
      setWatching(false)
    }
    events.addEventListener('stock', (event) => {
      const stock: { left: number; last: boolean } = JSON.parse(event.data)
      setLeft(stock.left)
      if (stock.last) stop()
    })
    events.addEventListener('error', stop)
  }

  return (
    <p className="live-stock">
      <button type="button" className="quiet-button" onClick={watch} disabled={watching} data-testid="watch-stock">
        {watching ? 'Counting the shelf…' : 'Check the shelf now'}
      </button>
      <span role="status" data-testid="stock-left">{left === null ? '' : `${left} left`}</span>
    </p>
  )
}
