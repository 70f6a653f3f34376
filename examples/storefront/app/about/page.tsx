import type { Metadata } from 'next'
import Image from 'next/image'
import shelves from '@/pictures/drying-shelves.png'

export const metadata: Metadata = {
  title: 'About',
  description: 'Four people, one dog and a kiln in a former oyster shed.',
}

export default function About() {
  return (
    <article className="prose">
      <p className="eyebrow">The studio</p>
      <h1>Four people, one dog, one kiln.</h1>
      <p className="lede">Ostra Kiln began in a shed that used to hold oysters. It still smells of the sea when it rains.</p>
      <Image
        src={shelves}
        alt="Three shelves of finished cups, bowls and vases"
        className="wide-picture"
        sizes="(max-width: 760px) 100vw, 720px"
        placeholder="blur"
      />
      <h2>The clay</h2>
      <p>
        We use one stoneware clay with a coarse grain. It is dug two hours away and fired to 1,220 degrees, which makes it
        hard enough for a dishwasher and gentle enough to hold.
      </p>
      <h2>The glazes</h2>
      <p>
        Six glazes, all mixed here: sand, harbour, moss, tide, ember and salt. A seventh, blue as the sky, is on trial.
        Look at <a href="/glazes/azul-céu.png" data-testid="glaze-swatch">the test tile</a>.
      </p>
      <h2>Living with it</h2>
      <p>
        Read the <a href="/care%20guide.pdf" data-testid="care-guide">care guide</a> or the{' '}
        <a href="/size-chart.txt" data-testid="size-chart">size chart</a>.
      </p>
    </article>
  )
}
