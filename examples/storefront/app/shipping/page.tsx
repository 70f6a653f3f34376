import type { Metadata } from 'next'
import Link from 'next/link'

export const metadata: Metadata = {
  title: 'Shipping and questions',
  description: 'What it costs, how long it takes and what happens when something breaks.',
}

const questions = [
  { question: 'Is it safe in the dishwasher?', answer: 'Yes. Give new pieces a week of washing by hand first.' },
  { question: 'Can I put it in the oven?', answer: 'Warm oven, warm pot: yes. Never straight from the fridge.' },
  { question: 'Why does mine look different?', answer: 'Every firing shifts the glaze. We match sets by eye before we pack.' },
  { question: 'How long does made to order take?', answer: 'Three to five weeks, because clay dries in its own time.' },
]

export default function Shipping() {
  return (
    <article className="prose">
      <p className="eyebrow">Help</p>
      <h1>Shipping and questions</h1>
      <p className="lede">We pack on Mondays and Thursdays, in wool and paper.</p>
      <table className="rates">
        <caption>Shipping rates</caption>
        <thead>
          <tr><th scope="col">To</th><th scope="col">Days</th><th scope="col">Price</th></tr>
        </thead>
        <tbody>
          <tr><td>Portugal</td><td>1 to 2</td><td>€5</td></tr>
          <tr><td>European Union</td><td>3 to 6</td><td>€12, free from €80</td></tr>
          <tr><td>Elsewhere</td><td>6 to 12</td><td>€24</td></tr>
        </tbody>
      </table>
      <h2>Questions</h2>
      {questions.map(({ question, answer }) => (
        <details key={question}>
          <summary>{question}</summary>
          <p>{answer}</p>
        </details>
      ))}
      <p>
        Something arrived broken? Tell us on the <Link href="/repairs">repairs page</Link>.
      </p>
    </article>
  )
}
