/* The admin's page inside Zoho CRM. Nothing secret is in it: a function on Zoho's servers signs what it asks for. */
;(() => {
  const { ZOHO } = window
  const TEXTS = {
    en: {
      language: 'العربية',
      heads: ['Module', 'What it is', 'On', 'Last compared', ''],
      edit: 'Mapping',
      mapping: 'Mapping of this college (JSON)',
      reason: 'Why it is changed',
      preview: 'Preview',
      save: 'Save',
      saved: 'Saved as version ',
      failed: 'Not done: ',
      noJson: 'The mapping is no JSON: ',
      would: (events, differing) =>
        `${events} events were tried: ${differing} would differ. Nothing was written.`,
    },
    ar: {
      language: 'English',
      heads: ['الوحدة', 'الوصف', 'مشغّلة', 'آخر مقارنة', ''],
      edit: 'الربط',
      mapping: 'ربط الحقول لهذه الكلية (JSON)',
      reason: 'سبب التغيير',
      preview: 'معاينة',
      save: 'حفظ',
      saved: 'حُفظت النسخة ',
      failed: 'لم يتم: ',
      noJson: 'الربط ليس JSON صحيحًا: ',
      would: (events, differing) => `جُرّب ${events} حدثًا: سيتغيّر ${differing}. لم يُكتب شيء.`,
    },
  }
  const byId = id => document.getElementById(id)
  let language = /^ar/.test(navigator.language) ? 'ar' : 'en'
  let edited

  /** Raises an Error with what Wasl said. */
  async function call(method, path, body, ifMatch = '') {
    const args = {
      method,
      path: `/v1/extension${path}`,
      body: body === undefined ? '' : JSON.stringify(body),
      if_match: ifMatch,
    }
    const { details } = await ZOHO.CRM.FUNCTIONS.execute('wasl_extension', {
      arguments: JSON.stringify(args),
    })
    const { status, body: text } = JSON.parse(details.output)
    const answer = text ? JSON.parse(text) : {}
    if (Number(status) < 300) return answer
    const findings = (answer.findings ?? []).map(({ pointer, message }) => `${pointer} ${message}`)
    throw new Error([answer.message ?? `HTTP ${status}`, ...findings].join('\n'))
  }

  const say = text => {
    byId('said').textContent = text
  }
  const attempt = work => async () => {
    say('')
    try {
      await work()
    } catch (error) {
      say(TEXTS[language].failed + error.message)
    }
  }
  const cell = (row, content) => {
    const made = row.insertCell()
    made.append(content)
    return made
  }
  const button = (text, work) => {
    const made = document.createElement('button')
    made.type = 'button'
    made.textContent = text
    made.onclick = attempt(work)
    return made
  }

  async function showModules() {
    const { items } = await call('GET', '/modules')
    const rows = byId('modules')
    rows.replaceChildren()
    for (const { module, summary, enabled, lastSyncAt } of items) {
      const row = rows.insertRow()
      row.dataset.module = module
      const on = document.createElement('input')
      on.type = 'checkbox'
      on.checked = enabled
      on.setAttribute('aria-label', `${module}: ${TEXTS[language].heads[2]}`)
      on.onchange = attempt(async () => {
        await call('PUT', `/modules/${module}`, { enabled: on.checked }).finally(showModules)
      })
      cell(row, module)
      cell(row, summary)
      cell(row, on)
      cell(row, lastSyncAt ? new Date(lastSyncAt).toLocaleString(language) : '–')
      cell(
        row,
        button(TEXTS[language].edit, () => edit(module)),
      )
    }
  }

  async function edit(module) {
    const { version, mapping } = await call('GET', `/field-mappings/${module}`)
    edited = { module, version }
    byId('title').textContent = `${module} (${version})`
    byId('mapping').value = JSON.stringify(mapping, null, 2)
    byId('shown').textContent = ''
    byId('editor').hidden = false
  }

  function given() {
    try {
      return JSON.parse(byId('mapping').value)
    } catch (error) {
      throw new Error(TEXTS[language].noJson + error.message)
    }
  }

  async function preview() {
    const answer = await call('POST', `/field-mappings/${edited.module}/preview`, { mapping: given() })
    const { findings, events, differences } = answer
    byId('shown').textContent = findings.length
      ? findings.map(({ pointer, message }) => `${pointer} ${message}`).join('\n')
      : [
          TEXTS[language].would(events, differences.length),
          ...differences.flatMap(({ identity, event, outcome, fields }) => [
            `${identity ?? event}  ${outcome.before} → ${outcome.after}`,
            ...fields.map(
              ({ field, before, after }) =>
                `  ${field}: ${JSON.stringify(before)} → ${JSON.stringify(after)}`,
            ),
          ]),
        ].join('\n')
  }

  async function save() {
    const body = { mapping: given(), reason: byId('reason').value.trim() }
    const { version } = await call('PUT', `/field-mappings/${edited.module}`, body, `"${edited.version}"`)
    await edit(edited.module)
    say(TEXTS[language].saved + version)
  }

  function speak() {
    const texts = TEXTS[language]
    document.documentElement.lang = language
    document.documentElement.dir = language === 'ar' ? 'rtl' : 'ltr'
    byId('language').textContent = texts.language
    byId('heads').replaceChildren(
      ...texts.heads.map(text => {
        const head = document.createElement('th')
        head.textContent = text
        return head
      }),
    )
    byId('mapping-label').textContent = texts.mapping
    byId('reason-label').textContent = texts.reason
    byId('preview').textContent = texts.preview
    byId('save').textContent = texts.save
  }

  byId('preview').onclick = attempt(preview)
  byId('save').onclick = attempt(save)
  byId('language').onclick = attempt(async () => {
    language = language === 'ar' ? 'en' : 'ar'
    speak()
    await showModules()
  })
  speak()
  ZOHO.embeddedApp.on('PageLoad', attempt(showModules))
  ZOHO.embeddedApp.init()
})()
