import type { Payload } from '../../../core/plugin.ts'

const id = (n: number) => `57257670000001${String(n).padStart(5, '0')}`
const lookup = (n: number) => ({ id: id(n) })

const student = (n: number, first: string, last: string, mail: string, city: string): Payload => ({
  id: id(1000 + n),
  Student_ID: `STU-${String(n).padStart(3, '0')}`,
  Full_Name: `${first} ${last}`,
  First_Name: first,
  Last_Name: last,
  Academic_Email: `${mail}@college.example`,
  Phone_Number: `+962 79 555 01${String(n).padStart(2, '0')}`,
  City: city,
  Country: 'Jordan',
  Status: 'Active',
  Program: lookup(1),
})

const enrollment = (n: number, who: number, where: number): Payload => ({
  id: id(5000 + n),
  Student: lookup(1000 + who),
  Class: lookup(200 + where),
  Program: lookup(1),
  Start_Date: '2026-09-06',
  Status: 'Active',
})

/** A small college, names in English and Arabic, as the sandbox of the demo begins. */
export const college: Readonly<Record<string, readonly Payload[]>> = {
  BTEC_Programs: [
    {
      id: id(1),
      Name: 'BTEC Level 5 Higher National Diploma in Computing',
      Program_Name: 'BTEC Level 5 Higher National Diploma in Computing',
      Program_Code: 'HND-COMP',
      Level: '5',
      Description: 'دبلوم عالٍ في الحوسبة',
      Status: 'Active',
    },
  ],
  BTEC_Teachers: [
    {
      id: id(11),
      Teacher_ID: 'TCH-01',
      Full_Name: 'Lina Haddad',
      First_Name: 'Lina',
      Last_Name: 'Haddad',
      Academic_Email: 'lina.haddad@college.example',
      Status: 'Active',
    },
    {
      id: id(12),
      Teacher_ID: 'TCH-02',
      Full_Name: 'سامر العلي',
      First_Name: 'سامر',
      Last_Name: 'العلي',
      Academic_Email: 'samer.alali@college.example',
      Status: 'Active',
    },
  ],
  BTEC_Units: [
    {
      id: id(101),
      Name: 'Unit 1: Programming',
      Unit_Name: 'Programming',
      Unit_Code: 'D/618/7388',
      Program: lookup(1),
      Credits: 15,
      Status: 'Active',
    },
    {
      id: id(102),
      Name: 'Unit 4: Database Design & Development',
      Unit_Name: 'Database Design & Development',
      Unit_Code: 'H/618/7392',
      Program: lookup(1),
      Credits: 15,
      Status: 'Active',
    },
  ],
  BTEC_Classes: [
    {
      id: id(201),
      Name: 'Programming, autumn 2026',
      Class_Name: 'Programming, autumn 2026',
      Class_Code: 'PROG-26A',
      Unit: lookup(101),
      Program: lookup(1),
      Teacher: lookup(11),
      Start_Date: '2026-09-06',
      End_Date: '2027-01-15',
      Status: 'Active',
    },
    {
      id: id(202),
      Name: 'Databases, autumn 2026',
      Class_Name: 'Databases, autumn 2026',
      Class_Code: 'DB-26A',
      Unit: lookup(102),
      Program: lookup(1),
      Teacher: lookup(12),
      Start_Date: '2026-09-06',
      End_Date: '2027-01-15',
      Status: 'Active',
    },
  ],
  BTEC_Students: [
    student(1, 'Ali', 'Mansour', 'ali.mansour', 'Amman'),
    student(2, 'ليلى', 'الخطيب', 'layla.khatib', 'عمّان'),
    student(3, 'Sara', "O'Brien", 'sara.obrien', 'Irbid'),
    student(4, 'عمر', 'الزعبي', 'omar.zoubi', 'إربد'),
    student(5, 'Nour', 'Abu-Hassan', 'nour.abuhassan', 'Aqaba'),
    student(6, 'يزن', 'حدّاد', 'yazan.haddad', "Ma'an"),
  ],
  BTEC_Registrations: [1, 2, 3, 4, 5, 6].map(n => ({
    id: id(3000 + n),
    Student: lookup(1000 + n),
    Program: lookup(1),
    Registration_Date: '2026-08-20',
    Registration_Number: `REG-26-${n}`,
    Status: 'Active',
  })),
  BTEC_Enrollments: [1, 2, 3, 4].flatMap(n => [enrollment(2 * n - 1, n, 1), enrollment(2 * n, n, 2)]),
  BTEC_Payments: [1, 2].map(n => ({
    id: id(7000 + n),
    Student: lookup(1000 + n),
    Registration: lookup(3000 + n),
    Amount: 450,
    Currency: 'JOD',
    Payment_Date: '2026-09-01',
    Payment_Method: 'Card',
    Payment_Status: 'Paid',
    Status: 'Paid',
    Receipt_Number: `R-${n}`,
  })),
}
