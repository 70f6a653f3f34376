const EVENT = 'cart-changed'

export function announceCartChange() {
  window.dispatchEvent(new Event(EVENT))
}

export function onCartChange(listener: () => void) {
  window.addEventListener(EVENT, listener)
  return () => window.removeEventListener(EVENT, listener)
}
