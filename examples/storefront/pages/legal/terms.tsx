import Head from 'next/head'

export default function Terms() {
  return (
    <article className="prose">
      <Head>
        <title>Terms · Ostra Kiln</title>
        <meta name="description" content="What you agree to when you order from Ostra Kiln." />
      </Head>
      <h1>Terms of sale</h1>
      <p className="lede">Short, because we would rather be at the wheel.</p>
      <h2>Orders</h2>
      <p>An order is a promise on both sides. We write to you when we accept it, and you can cancel until it leaves the studio.</p>
      <h2>Made by hand</h2>
      <p>Sizes vary by up to five millimetres and glazes by a shade. Neither is a fault.</p>
      <h2>Returns</h2>
      <p>Send anything back within thirty days. If it broke on the way, a photo is enough.</p>
      <h2>Made to order</h2>
      <p>Pieces marked as made to order take three to five weeks and cannot be returned unless they are damaged.</p>
    </article>
  )
}
