import { chromium } from '@playwright/test';
import http from 'node:http'; import fs from 'node:fs'; import path from 'node:path';
const root='/tmp/verdict-dist';
const types={'.html':'text/html','.js':'text/javascript','.mjs':'text/javascript','.css':'text/css','.json':'application/json','.wasm':'application/wasm','.svg':'image/svg+xml','.webmanifest':'application/manifest+json'};
const srv=http.createServer((q,r)=>{let p=path.join(root,decodeURIComponent(new URL(q.url,'http://x').pathname)); if(p.endsWith('/'))p+='index.html'; if(!fs.existsSync(p)||fs.statSync(p).isDirectory()){r.writeHead(404);return r.end();} r.writeHead(200,{'content-type':types[path.extname(p)]??'application/octet-stream','cross-origin-opener-policy':'same-origin','cross-origin-embedder-policy':'require-corp'}); fs.createReadStream(p).pipe(r);}).listen(4711);
const b=await chromium.launch({executablePath:'/usr/bin/chromium',args:['--no-sandbox','--disable-quic','--no-first-run','--disable-background-networking','--disable-component-update','--disable-sync']});
const cases=JSON.parse(process.argv[2]);
for (const c of cases) {
  const ctx=await b.newContext({viewport:{width:c.w??1440,height:c.h??900},colorScheme:c.scheme??'light',locale:c.locale??'en-GB'});
  const page=await ctx.newPage();
  await page.addInitScript(()=>localStorage.setItem('strata:tour-seen','true'));
  page.on('pageerror',e=>console.log('PAGEERROR',e.message));
  const q=new URLSearchParams({prompt:c.prompt,answer:c.answer??'',foil:c.foil??''});
  await page.goto('http://localhost:4711/#'+(c.hash??('v=2&'+q)));
  await page.waitForSelector('.verdict .main span',{timeout:60000}).catch(()=>console.log('no verdict'));
  if (c.fill) { await page.getByRole('textbox',{name:'Prompt'}).fill(c.fill[0]); await page.getByLabel('Answer',{exact:true}).fill(c.fill[1]); await page.getByRole('button',{name:'Probe'}).click(); }
  await page.waitForTimeout(c.wait??4000);
  if (c.click) { await page.getByRole('button',{name:c.click}).first().click(); await page.waitForTimeout(2500); }
  console.log(c.name,'|',(await page.locator('.verdict').innerText()).replaceAll('\n',' / '));
  console.log('   tokens:',(await page.locator('.panel').first().innerText().catch(()=>'')).replaceAll('\n',' ').slice(0,400));
  await page.screenshot({path:`/tmp/verdict/${c.name}.png`});
  await ctx.close();
}
await b.close(); srv.close();
