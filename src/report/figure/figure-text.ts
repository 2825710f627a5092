/** @file Text in the figure. */

interface TextStyle {
  readonly size: number;
  readonly fill: string;
  readonly weight?: number;
  readonly align?: 'left' | 'right';
  /** Colour of a rim that keeps lines off the letters. */
  readonly halo?: string;
}

/** A text in the figure, vertically centred on `y`. */
export function text(
  content: string,
  x: number,
  y: number,
  { size, fill, weight = 400, align = 'left', halo }: TextStyle,
) {
  return {
    type: 'text' as const,
    silent: true,
    z: 10,
    x,
    y,
    style: {
      text: content,
      fill,
      align,
      verticalAlign: 'middle' as const,
      fontSize: size,
      fontWeight: weight,
      ...(halo ? { stroke: halo, lineWidth: 4 } : {}),
    },
  };
}
