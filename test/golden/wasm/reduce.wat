(module
 (type $0 (func (param i32 i32 i32 i32)))
 (import "env" "memory" (memory $memory 1 65536 shared))
 (func $reduce (param $input i32) (param $output i32) (param $groups i32) (param $rows i32)
  (local $4 i32)
  (local $table i32)
  (local $out i32)
  (local $7 i32)
  (local $8 i32)
  (local $9 i32)
  (local $10 v128)
  (local $11 v128)
  (local $12 v128)
  (local $13 i32)
  (local $14 i32)
  (local $15 v128)
  (local $16 v128)
  (local $17 v128)
  (local $18 v128)
  (local $19 v128)
  (local $20 v128)
  (local $21 i32)
  (local.set $4
   (i32.const 0)
  )
  (block $end0
   (if
    (i32.lt_s
     (local.get $4)
     (local.get $groups)
    )
    (then
     (loop $loop0
      (block $next0
       (block
        (local.set $table
         (i32.add
          (local.get $input)
          (i32.mul
           (local.get $4)
           (i32.const 12)
          )
         )
        )
        (local.set $out
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
               (i32.const 0)
              )
              (local.set $9
               (i32.add
                (i32.load
                 (i32.add
                  (local.get $table)
                  (i32.shl
                   (local.get $8)
                   (i32.const 2)
                  )
                 )
                )
                (i32.mul
                 (local.get $7)
                 (i32.const 4)
                )
               )
              )
              (local.set $10
               (v128.load
                (local.get $9)
               )
              )
              (local.set $11
               (local.get $10)
              )
              (local.set $12
               (v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000)
              )
              (local.set $13
               (i32.const 1)
              )
              (block $end2
               (if
                (i32.lt_s
                 (local.get $13)
                 (i32.const 3)
                )
                (then
                 (loop $loop2
                  (block $next2
                   (block
                    (local.set $14
                     (i32.add
                      (i32.load
                       (i32.add
                        (local.get $table)
                        (i32.shl
                         (local.get $13)
                         (i32.const 2)
                        )
                       )
                      )
                      (i32.mul
                       (local.get $7)
                       (i32.const 4)
                      )
                     )
                    )
                    (local.set $15
                     (v128.load
                      (local.get $14)
                     )
                    )
                    (local.set $16
                     (f32x4.lt
                      (local.get $11)
                      (local.get $15)
                     )
                    )
                    (local.set $17
                     (v128.bitselect
                      (local.get $15)
                      (local.get $11)
                      (local.get $16)
                     )
                    )
                    (local.set $11
                     (local.get $17)
                    )
                    (local.set $18
                     (v128.bitselect
                      (i32x4.splat
                       (local.get $13)
                      )
                      (local.get $12)
                      (local.get $16)
                     )
                    )
                    (local.set $12
                     (local.get $18)
                    )
                   )
                  )
                  (local.set $13
                   (i32.add
                    (local.get $13)
                    (i32.const 1)
                   )
                  )
                  (br_if $loop2
                   (i32.lt_s
                    (local.get $13)
                    (i32.const 3)
                   )
                  )
                 )
                )
               )
              )
              (local.set $19
               (i64x2.extend_low_i32x4_u
                (local.get $12)
               )
              )
              (local.set $20
               (i64x2.extend_high_i32x4_u
                (local.get $12)
               )
              )
              (local.set $21
               (i32.add
                (local.get $out)
                (i32.mul
                 (local.get $7)
                 (i32.const 8)
                )
               )
              )
              (v128.store
               (local.get $21)
               (local.get $19)
              )
              (v128.store offset=16
               (local.get $21)
               (local.get $20)
              )
             )
            )
            (local.set $7
             (i32.add
              (local.get $7)
              (i32.const 4)
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
        (local.get $groups)
       )
      )
     )
    )
   )
  )
 )
)
