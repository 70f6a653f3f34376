'use client'

import Image from 'next/image'
import { useState } from 'react'
import styles from './picture-gallery.module.css'

export function PictureGallery({ slug, name }: { slug: string; name: string }) {
  const pictures = [
    { src: `/pictures/${slug}.webp`, alt: `${name} on a table in window light` },
    { src: `/pictures/${slug}-detail.jpg`, alt: `${name}, glaze seen up close` },
  ]
  const [chosen, setChosen] = useState(0)

  return (
    <div>
      <div className={styles.stage}>
        <Image
          key={pictures[chosen].src}
          src={pictures[chosen].src}
          alt={pictures[chosen].alt}
          width={800}
          height={800}
          sizes="(max-width: 860px) 100vw, 560px"
          loading="eager"
          fetchPriority="high"
          data-testid="gallery-picture"
        />
      </div>
      <ul className={styles.thumbnails}>
        {pictures.map((picture, index) => (
          <li key={picture.src}>
            <button
              type="button"
              aria-pressed={index === chosen}
              onClick={() => setChosen(index)}
              data-testid={`gallery-thumb-${index}`}
            >
              <Image src={picture.src} alt={`Show picture ${index + 1}`} width={96} height={96} />
            </button>
          </li>
        ))}
      </ul>
    </div>
  )
}
