/** Files dragged over the window, wherever it is; a drop that nobody takes would make the browser leave the page. */
export class Drop {
  isOver = $state(false);

  #take: (files: File[], directories: ReadonlySet<File>) => void;

  constructor(take: (files: File[], directories: ReadonlySet<File>) => void) {
    this.#take = take;
  }

  start(): void {
    addEventListener('dragenter', (event) => this.#over(event));
    addEventListener('dragover', (event) => this.#over(event));
    addEventListener('dragleave', (event) => {
      // Only when the pointer leaves the window: between elements there is always a related one.
      if (event.relatedTarget === null) this.isOver = false;
    });
    addEventListener('drop', (event) => this.#drop(event));
  }

  #over(event: DragEvent): void {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = 'copy';
    this.isOver = true;
  }

  #drop(event: DragEvent): void {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    this.isOver = false;
    const files: File[] = [];
    const directories = new Set<File>();
    for (const item of event.dataTransfer.items) {
      const file = item.kind === 'file' ? item.getAsFile() : null;
      if (file === null) continue;
      files.push(file);
      if (item.webkitGetAsEntry()?.isDirectory) directories.add(file);
    }
    this.#take(files, directories);
  }
}
