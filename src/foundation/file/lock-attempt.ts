/** A lock that this process holds. */
export interface Lock {
  readonly path: string;
  /** Lets the next one in; a second call does nothing. */
  release(): void;
}

/** One try after another at the same lock, keeping what can stay open between them. */
export interface LockAttempt {
  /** May block for some milliseconds, where that was asked for. */
  take(): Lock | undefined;
  /** Frees what the tries kept; needed when none of them succeeded. */
  giveUp(): void;
  /** Who holds it, in words, where that can be found out. */
  holder(): string | undefined;
}
