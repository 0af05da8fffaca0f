import { mount } from 'svelte';
import { Catalogues } from './app/i18n/Catalogues.svelte';
import App from './app/shell/App.svelte';
import { Language } from './state/Language.svelte';

const target = document.querySelector('#app');
if (!target) throw new Error('index.html lacks #app.');
const catalogues = new Catalogues(new Language());
// English is here already; another language is waited for, so that nothing stands in two.
void catalogues.speak(catalogues.language.id).finally(() => mount(App, { target, props: { catalogues } }));
