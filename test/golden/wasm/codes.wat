(module
 (type $0 (func (param i32 i32 i32) (result i32)))
 (type $1 (func (param i32 i32) (result i32)))
 (type $2 (func (param i32 i32 i32 i32)))
 (import "env" "memory" (memory $memory 1 65536 shared))
 (import "env" "data_base" (global $data_base i32))
 (data $0 (global.get $data_base) "cfA\af\f1\b3OG\01\00\00\00\00\00\00\00v\1cH\e2\84S5\b3\02\00\00\00\03\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\9f\98yTVAp\fe\03\00\00\00\06\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00EWRJFKLGA\00\00\00\00\00\00\00")
 (func $tile_equal_bytes (param $a i32) (param $b i32) (param $bytes i32) (result i32)
  (block $end0
   (loop $loop0
    (br_if $end0
     (i32.eqz
      (i32.ge_u
       (local.get $bytes)
       (i32.const 8)
      )
     )
    )
    (if
     (i64.ne
      (i64.load
       (local.get $a)
      )
      (i64.load
       (local.get $b)
      )
     )
     (then
      (return
       (i32.const 0)
      )
     )
    )
    (local.set $a
     (i32.add
      (local.get $a)
      (i32.const 8)
     )
    )
    (local.set $b
     (i32.add
      (local.get $b)
      (i32.const 8)
     )
    )
    (local.set $bytes
     (i32.add
      (local.get $bytes)
      (i32.const -8)
     )
    )
    (br $loop0)
   )
  )
  (block $end1
   (loop $loop1
    (br_if $end1
     (i32.eqz
      (i32.ne
       (local.get $bytes)
       (i32.const 0)
      )
     )
    )
    (if
     (i32.ne
      (i32.load8_u
       (local.get $a)
      )
      (i32.load8_u
       (local.get $b)
      )
     )
     (then
      (return
       (i32.const 0)
      )
     )
    )
    (local.set $a
     (i32.add
      (local.get $a)
      (i32.const 1)
     )
    )
    (local.set $b
     (i32.add
      (local.get $b)
      (i32.const 1)
     )
    )
    (local.set $bytes
     (i32.add
      (local.get $bytes)
      (i32.const -1)
     )
    )
    (br $loop1)
   )
  )
  (return
   (i32.const 1)
  )
  (unreachable)
 )
 (func $codes_find (param $address i32) (param $bytes i32) (result i32)
  (local $2 i64)
  (local $word i64)
  (local $last i32)
  (local $at i32)
  (local $6 i32)
  (local $key i64)
  (local $slot i32)
  (local $9 i32)
  (local $10 i32)
  (local.set $2
   (i64.mul
    (i64.extend_i32_u
     (local.get $bytes)
    )
    (i64.const -7046029254386353131)
   )
  )
  (if
   (i32.ge_u
    (local.get $bytes)
    (i32.const 8)
   )
   (then
    (local.set $last
     (i32.sub
      (i32.add
       (local.get $address)
       (local.get $bytes)
      )
      (i32.const 8)
     )
    )
    (local.set $at
     (local.get $address)
    )
    (block $end0
     (loop $loop0
      (br_if $end0
       (i32.eqz
        (i32.lt_u
         (local.get $at)
         (local.get $last)
        )
       )
      )
      (local.set $2
       (i64.rotl
        (i64.mul
         (i64.xor
          (local.get $2)
          (i64.load
           (local.get $at)
          )
         )
         (i64.const -7046029254386353131)
        )
        (i64.const 32)
       )
      )
      (local.set $at
       (i32.add
        (local.get $at)
        (i32.const 8)
       )
      )
      (br $loop0)
     )
    )
    (local.set $word
     (i64.load
      (local.get $last)
     )
    )
   )
   (else
    (local.set $6
     (i32.const 0)
    )
    (block $end1
     (if
      (i32.lt_s
       (local.get $6)
       (local.get $bytes)
      )
      (then
       (loop $loop1
        (block $next1
         (block
          (local.set $word
           (i64.or
            (i64.shl
             (local.get $word)
             (i64.const 8)
            )
            (i64.extend_i32_u
             (i32.load8_u
              (i32.add
               (local.get $address)
               (local.get $6)
              )
             )
            )
           )
          )
         )
        )
        (local.set $6
         (i32.add
          (local.get $6)
          (i32.const 1)
         )
        )
        (br_if $loop1
         (i32.lt_s
          (local.get $6)
          (local.get $bytes)
         )
        )
       )
      )
     )
    )
   )
  )
  (local.set $2
   (i64.rotl
    (i64.mul
     (i64.xor
      (local.get $2)
      (local.get $word)
     )
     (i64.const -7046029254386353131)
    )
    (i64.const 32)
   )
  )
  (local.set $key
   (local.get $2)
  )
  (local.set $slot
   (i32.wrap_i64
    (i64.shr_u
     (i64.mul
      (local.get $key)
      (i64.const -7046029254386353131)
     )
     (i64.const 61)
    )
   )
  )
  (block $end2
   (loop $loop2
    (local.set $9
     (i32.add
      (i32.add
       (global.get $data_base)
       (i32.const 0)
      )
      (i32.mul
       (local.get $slot)
       (i32.const 16)
      )
     )
    )
    (if
     (i32.eqz
      (i32.load offset=8
       (local.get $9)
      )
     )
     (then
      (return
       (i32.const 3)
      )
     )
    )
    (if
     (i64.eq
      (i64.load
       (local.get $9)
      )
      (local.get $key)
     )
     (then
      (local.set $10
       (call $tile_equal_bytes
        (local.get $address)
        (i32.add
         (i32.add
          (global.get $data_base)
          (i32.const 128)
         )
         (i32.load offset=12
          (local.get $9)
         )
        )
        (local.get $bytes)
       )
      )
      (if
       (local.get $10)
       (then
        (return
         (i32.sub
          (i32.load offset=8
           (local.get $9)
          )
          (i32.const 1)
         )
        )
       )
      )
     )
    )
    (local.set $slot
     (i32.and
      (i32.add
       (local.get $slot)
       (i32.const 1)
      )
      (i32.const 7)
     )
    )
    (br $loop2)
   )
  )
  (unreachable)
 )
 (func $codes (param $input i32) (param $output i32) (param $count i32) (param $rows i32)
  (local $4 i32)
  (local $from i32)
  (local $to i32)
  (local $7 i32)
  (local $8 i32)
  (local.set $4
   (i32.const 0)
  )
  (block $end0
   (if
    (i32.lt_s
     (local.get $4)
     (local.get $count)
    )
    (then
     (loop $loop0
      (block $next0
       (block
        (local.set $from
         (i32.load
          (i32.add
           (local.get $input)
           (i32.shl
            (local.get $4)
            (i32.const 2)
           )
          )
         )
        )
        (local.set $to
         (i32.load
          (i32.add
           (local.get $output)
           (i32.shl
            (local.get $4)
            (i32.const 2)
           )
          )
         )
        )
        (local.set $7
         (i32.const 0)
        )
        (block $end1
         (if
          (i32.lt_s
           (local.get $7)
           (local.get $rows)
          )
          (then
           (loop $loop1
            (block $next1
             (block
              (local.set $8
               (call $codes_find
                (i32.load
                 (local.get $from)
                )
                (i32.load offset=4
                 (local.get $from)
                )
               )
              )
              (i32.store
               (local.get $to)
               (local.get $8)
              )
              (local.set $from
               (i32.add
                (local.get $from)
                (i32.const 8)
               )
              )
              (local.set $to
               (i32.add
                (local.get $to)
                (i32.const 4)
               )
              )
             )
            )
            (local.set $7
             (i32.add
              (local.get $7)
              (i32.const 1)
             )
            )
            (br_if $loop1
             (i32.lt_s
              (local.get $7)
              (local.get $rows)
             )
            )
           )
          )
         )
        )
       )
      )
      (local.set $4
       (i32.add
        (local.get $4)
        (i32.const 1)
       )
      )
      (br_if $loop0
       (i32.lt_s
        (local.get $4)
        (local.get $count)
       )
      )
     )
    )
   )
  )
 )
)
