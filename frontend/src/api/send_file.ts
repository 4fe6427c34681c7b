import { Problem, Unreachable } from './problem';

/** Told with bytes sent so far, never more than the file has. */
export type Progress = (sentBytes: number) => void;

/** Uploads one file with XMLHttpRequest, because `fetch` can't tell how much has been sent. */
export function sendFile<Answer>(
  address: string,
  file: File,
  key: string,
  progress: Progress,
  signal: AbortSignal,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', address);
    request.setRequestHeader('Idempotency-Key', key);
    request.upload.onprogress = (event) => progress(Math.min(event.loaded, file.size));
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) {
        resolve(JSON.parse(request.responseText) as Answer);
      } else {
        reject(Problem.parse(request.status, request.responseText, request.getResponseHeader('Retry-After')));
      }
    };
    request.onerror = () => reject(new Unreachable());
    request.ontimeout = () => reject(new Unreachable());
    request.onabort = () => reject(signal.reason ?? new Unreachable());
    signal.addEventListener('abort', () => request.abort(), { once: true });

    const form = new FormData();
    form.append('file', file, file.name);
    request.send(form);
  });
}
