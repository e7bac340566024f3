(module
 (type $0 (func (param i32 i32 i32 i32 i32 i32)))
 (import "env" "memory" (memory $memory 1 65536 shared))
 (func $take (param $input i32) (param $output i32) (param $count i32) (param $rows i32) (param $table i32) (param $text i32)
  (local $6 i32)
  (local $from i32)
  (local $to i32)
  (local $9 i32)
  (local $10 i64)
  (local $11 i32)
  (local $12 i32)
  (local.set $6
   (i32.const 0)
  )
  (block $end0
   (if
    (i32.lt_s
     (local.get $6)
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
            (local.get $6)
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
            (local.get $6)
            (i32.const 2)
           )
          )
         )
        )
        (local.set $9
         (i32.const 0)
        )
        (block $end1
         (if
          (i32.lt_s
           (local.get $9)
           (local.get $rows)
          )
          (then
           (loop $loop1
            (block $next1
             (block
              (local.set $10
               (i64.load
                (local.get $from)
               )
              )
              (local.set $10
               (select
                (i64.add
                 (local.get $10)
                 (i64.const 3)
                )
                (local.get $10)
                (i64.lt_s
                 (local.get $10)
                 (i64.const 0)
                )
               )
              )
              (local.set $10
               (select
                (i64.xor
                 (local.get $10)
                 (local.get $10)
                )
                (local.get $10)
                (i64.lt_s
                 (local.get $10)
                 (i64.const 0)
                )
               )
              )
              (if
               (i64.ge_s
                (local.get $10)
                (i64.const 3)
               )
               (then
                (local.set $10
                 (i64.const 2)
                )
               )
              )
              (local.set $11
               (i32.wrap_i64
                (local.get $10)
               )
              )
              (local.set $12
               (i32.add
                (local.get $table)
                (i32.mul
                 (local.get $11)
                 (i32.const 4)
                )
               )
              )
              (i32.store
               (local.get $to)
               (i32.load
                (local.get $12)
               )
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
            (local.set $9
             (i32.add
              (local.get $9)
              (i32.const 1)
             )
            )
            (br_if $loop1
             (i32.lt_s
              (local.get $9)
              (local.get $rows)
             )
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
      (br_if $loop0
       (i32.lt_s
        (local.get $6)
        (local.get $count)
       )
      )
     )
    )
   )
  )
 )
)
