import type { Metadata } from 'next'
import { signIn } from './actions'

export const metadata: Metadata = { title: 'Sign in' }

export default function Login() {
  return (
    <section className="message">
      <h1>Sign in</h1>
      <p className="lede">Tell us your name and we find your shelf.</p>
      <form action={signIn} className="stack-form">
        <label htmlFor="name">Name</label>
        <input id="name" name="name" autoComplete="name" required maxLength={60} data-testid="login-name" />
        <button className="button" data-testid="login-submit">Sign in</button>
      </form>
    </section>
  )
}
