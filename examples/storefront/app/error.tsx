'use client'

export default function ShopError({ retry }: { error: unknown; retry: () => void }) {
  return (
    <section className="message" data-testid="error-page">
      <p className="eyebrow">Something cracked</p>
      <h1>That did not survive the firing.</h1>
      <p className="lede">The fault is ours. Try it once more.</p>
      <button className="button" onClick={() => retry()} data-testid="retry">Try again</button>
    </section>
  )
}
