import { succeeded } from '../command/command.ts';
import type { Client } from './client.ts';
import { operand } from './container-argv.ts';
import type { ImageInfo } from './engine.ts';
import { parseImageInspect } from './image-info.ts';

/** What docker and podman say of an image that isn't here. */
export const unknownImage = /no such image|image not known/i;

/** undefined when the image isn't here. */
export async function inspectImage(client: Client, image: string): Promise<ImageInfo | undefined> {
  const words = ['image', 'inspect', operand(image, 'image')];
  const result = await client.ask(`Inspecting ${image}`, words, unknownImage);
  return succeeded(result) ? parseImageInspect(image, result.stdout) : undefined;
}
