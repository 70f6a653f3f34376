export default function Page() {
  return <p>An app whose images are asked for.</p>
}
