const firstCapacity = 16 * 1024;

/** Keeps the last bytes of a stream in memory that grows up to `limit` and never beyond it. */
export class OutputTail {
  readonly #limit: number;
  #ring: Buffer = Buffer.alloc(0);
  /** Where the oldest byte is. */
  #start = 0;
  #length = 0;
  #cut = false;

  constructor(limit: number) {
    this.#limit = Math.max(0, Math.floor(limit));
  }

  push(chunk: Buffer): void {
    const kept = chunk.length > this.#limit ? chunk.subarray(chunk.length - this.#limit) : chunk;
    this.#cut ||= this.#length + chunk.length > this.#limit;
    this.#reserve(this.#length + kept.length);
    const capacity = this.#ring.length;
    const end = capacity === 0 ? 0 : (this.#start + this.#length) % capacity;
    const beforeWrap = kept.copy(this.#ring, end);
    kept.copy(this.#ring, 0, beforeWrap);
    this.#length += kept.length;
    if (this.#length <= capacity) return;
    this.#start = (this.#start + this.#length - capacity) % capacity;
    this.#length = capacity;
  }

  /** The kept bytes as UTF-8; a character that lost its first bytes is left out whole. */
  text(): string {
    const bytes = this.#ordered();
    let from = 0;
    while (this.#cut && from < Math.min(3, bytes.length) && isContinuation(bytes[from])) from++;
    return bytes.toString('utf8', from);
  }

  #reserve(wanted: number): void {
    if (wanted <= this.#ring.length || this.#ring.length === this.#limit) return;
    const grown = Buffer.allocUnsafe(
      Math.min(this.#limit, Math.max(firstCapacity, wanted, this.#ring.length * 2)),
    );
    this.#ordered().copy(grown);
    this.#ring = grown;
    this.#start = 0;
  }

  #ordered(): Buffer {
    const end = this.#start + this.#length;
    if (end <= this.#ring.length) return this.#ring.subarray(this.#start, end);
    return Buffer.concat([this.#ring.subarray(this.#start), this.#ring.subarray(0, end % this.#ring.length)]);
  }
}

const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80;
