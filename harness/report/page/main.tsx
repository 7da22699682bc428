/** The script of the HTML report: unpacks the head, and shows it. */
import { render } from 'preact';
import { App } from './app.tsx';
import { Failure } from './parts.tsx';
import { unpackHead } from './unpack.ts';

const root = document.getElementById('page');
if (root !== null) {
  unpackHead().then(
    (head) => render(<App head={head} />, root),
    (error: unknown) => render(<Failure error={error} />, root),
  );
}
