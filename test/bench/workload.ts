/** What the benchmark sends: Zoho student webhooks of about 1.5 KB, the same ones for the same seed. Pure. */

export interface Webhook {
  /** The sender's id of the notification. */
  readonly id: string
  readonly body: string
}

/** mulberry32: small, fast, and the same everywhere. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const FIRST = ['Ali', 'Sara', 'Omar', 'Lina', 'Hassan', 'Noor', 'عمر', 'ليلى', 'Zoë', 'José']
const LAST = ['Haddad', 'Khoury', 'Smith', 'Nasser', 'الخطيب', 'García', 'Saleh', "O'Brien"]
const CITIES = ['Amman', 'Beirut', 'Manama', 'عمّان', 'London']

interface Student {
  readonly number: number
  changes: number
}

function webhookOf(run: string, id: number, { number, changes }: Student): Webhook {
  const first = FIRST[number % FIRST.length]!
  const last = LAST[number % LAST.length]!
  const key = `${run}${number}`
  const modified = new Date(Date.UTC(2026, 0, 1) + changes * 60_000).toISOString().replace('.000Z', '+00:00')
  const data = {
    id: `5398830${String(number).padStart(12, '0')}`,
    Name: `STU-${key}`,
    Student_ID: `STU-${key}`,
    First_Name: first,
    Last_Name: last,
    Full_Name: `${first} ${last}`,
    Academic_Email: `student.${key}@college.example.edu`,
    Phone: `+9627${String(number).padStart(8, '0')}`,
    Mobile: `+9627${String(number + changes).padStart(8, '0')}`,
    City: CITIES[(number + changes) % CITIES.length]!,
    Country: 'Jordan',
    Status: changes % 5 === 4 ? 'Suspended' : 'Active',
    Date_of_Birth: '2001-04-17',
    Gender: 'Female',
    Nationality: 'Jordanian',
    Enrollment_Date: '2025-09-01',
    Programme_Level: 'Level 5',
    Campus: 'Main campus',
    Guardian_Name: 'Guardian of the student',
    Guardian_Phone: '+962790000000',
    Address_Line_1: '12 College Street, second building, third floor',
    Address_Line_2: 'Near the old library',
    Postal_Code: '11118',
    Notes:
      'Came through the autumn admission; the interview went well and all documents were delivered in time.',
    Owner: { id: '539883000000000999', name: 'Admissions Office', email: 'admissions@college.example.edu' },
    Created_By: {
      id: '539883000000000999',
      name: 'Admissions Office',
      email: 'admissions@college.example.edu',
    },
    Modified_By: { id: '539883000000000998', name: 'Registrar', email: 'registrar@college.example.edu' },
    Created_Time: '2025-09-01T08:00:00+00:00',
    Modified_Time: modified,
    Tag: [],
    $approved: true,
    $editable: true,
  }
  const notification = `${run}-${id}`
  return {
    id: notification,
    body: JSON.stringify({
      notification_id: notification,
      timestamp: modified,
      module: 'BTEC_Students',
      operation: changes === 0 ? 'insert' : 'update',
      record_id: data.id,
      data,
    }),
  }
}

/**
 * Half of the webhooks bring new students, 30 % repeat what is known under a new id, 15 % change a student, 5 %
 * are an earlier notification again. `run` keeps the students of two workloads apart.
 */
export function workload(count: number, run: string, seed = 1): Webhook[] {
  const random = randomOf(seed)
  const students: Student[] = []
  const sent: Webhook[] = []
  // The numbers of a run begin elsewhere, so that ids of two runs never meet.
  const base =
    [...run].reduce((sum, character) => (sum * 31 + character.charCodeAt(0)) % 9_000_000, 7) * 100_000
  for (let id = 0; id < count; id++) {
    const draw = random()
    const known = students[Math.floor(random() * students.length)]
    const earlier = sent[Math.floor(random() * sent.length)]
    if (draw < 0.5 || !known || !earlier) {
      const student = { number: base + id, changes: 0 }
      students.push(student)
      sent.push(webhookOf(run, id, student))
    } else if (draw < 0.8) sent.push(webhookOf(run, id, known))
    else if (draw < 0.95) {
      known.changes++
      sent.push(webhookOf(run, id, known))
    } else sent.push(earlier)
  }
  return sent
}
