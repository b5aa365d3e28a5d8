import type { College } from './index.ts'

/** Who is in the demo's Moodle from the beginning: people that the register does not know yet. */
export const college: College = {
  users: [
    {
      firstname: 'Rana',
      lastname: 'Qasem',
      email: 'rana.qasem@college.example',
      city: 'Amman',
      country: 'JO',
      role: 'student',
    },
    {
      firstname: 'يزن',
      lastname: 'خوري',
      email: 'yazan.khoury@college.example',
      city: 'مادبا',
      country: 'JO',
      role: 'student',
    },
    {
      firstname: 'Omar',
      lastname: 'Khalil',
      email: 'omar.khalil@college.example',
      city: 'Amman',
      country: 'JO',
      role: 'teacher',
    },
  ],
  courses: [{ fullname: 'Study skills', shortname: 'STUDY', summary: 'مهارات الدراسة' }],
}
