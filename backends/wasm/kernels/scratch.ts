/** Places in a kernel's scratch, and the size that they are cut to. */
export const VECTOR_BYTES = 16;

/** Byte offsets one after the other, each where a vector may begin. */
export class ScratchPlaces {
  end = 0;

  take(bytes: number): number {
    const place = this.end;
    this.end += Math.ceil(bytes / VECTOR_BYTES) * VECTOR_BYTES;
    return place;
  }
}
